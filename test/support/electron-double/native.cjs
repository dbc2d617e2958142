// Imports a module with Node's own loader, past the test runner's.
exports.load = (url) => import(url)
