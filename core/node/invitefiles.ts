// Script and style of the connect page, as a device's browser gets them: plain JavaScript that old browsers read, no framework.

/** Tries every way at once, shows each as it comes, and reports when all are done. */
export const PAGE_JS = `'use strict'
;(function () {
  var main = document.querySelector('main')
  var plan = JSON.parse(main.dataset.plan)
  var state = document.getElementById('state')
  var list = document.getElementById('ways')
  var WAIT = 6000

  function row(way) {
    var item = document.createElement('li')
    var name = document.createElement('strong')
    var what = document.createElement('span')
    var result = document.createElement('em')
    name.textContent = way.base
    what.textContent = way.text
    result.textContent = 'trying…'
    item.append(name, what, result)
    list.append(item)
    return function (kind, text) {
      item.className = kind
      result.textContent = text
    }
  }

  function mixed(way) {
    return location.protocol === 'https:' && way.base.indexOf('http:') === 0 && way.base !== location.origin
  }

  function probe(way, n, show) {
    var begun = performance.now()
    var stop = new AbortController()
    var timer = setTimeout(function () { stop.abort() }, WAIT)
    function done(result, text) {
      clearTimeout(timer)
      var ms = Math.round((performance.now() - begun) * 10) / 10
      show(result, result === 'ours' ? 'works, ' + Math.round(ms) + ' ms' : text)
      return { n: n, result: result, ms: ms, text: text.slice(0, 200) }
    }
    var url = way.base + '/connect/probe?t=' + encodeURIComponent(plan.token) + '&n=' + n
    return fetch(url, { mode: 'cors', cache: 'no-store', credentials: 'omit', signal: stop.signal }).then(
      function (answer) {
        return answer.json().then(
          function (said) {
            return said.mark === plan.mark ? done('ours', 'the lab answered') : done('other', 'another lab answered')
          },
          function () {
            return done('other', 'something else answered (HTTP ' + answer.status + ')')
          },
        )
      },
      function (error) {
        if (stop.signal.aborted) return done('no', 'no answer within ' + WAIT / 1000 + ' s')
        if (mixed(way)) return done('no', 'this browser asks no plain HTTP address from an HTTPS page')
        if (way.base.indexOf('https:') === 0) return done('no', 'no connection, or the certificate is not trusted here (' + error.message + ')')
        return done('no', 'no connection, or this browser does not permit it (' + error.message + ')')
      },
    )
  }

  Promise.all(plan.ways.map(function (way, n) { return probe(way, n, row(way)) })).then(function (probes) {
    var worked = probes.filter(function (each) { return each.result === 'ours' }).length
    return fetch('/connect/report?t=' + encodeURIComponent(plan.token), {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ probes: probes }),
    }).then(
      function (answer) {
        state.className = answer.ok ? 'ours' : 'no'
        state.textContent = answer.ok
          ? worked + ' of ' + probes.length + ' ways work. The lab knows; this page can be closed.'
          : worked + ' of ' + probes.length + ' ways work, but the lab did not take the report (HTTP ' + answer.status + ').'
      },
      function (error) {
        state.className = 'no'
        state.textContent = worked + ' of ' + probes.length + ' ways work, but the report did not get through: ' + error.message
      },
    )
  })
})()
`

export const PAGE_CSS = `:root { color-scheme: light dark; font: 1.125rem/1.5 system-ui, sans-serif; }
body { margin: 0; padding: 1.25rem; background: #fff; color: #1a1c20; }
main { max-width: 40rem; margin: 0 auto; }
h1 { font-size: 1.5rem; margin: 0 0 0.75rem; }
ol { list-style: none; margin: 1rem 0; padding: 0; display: grid; gap: 0.75rem; }
li { border: 1px solid #c4c8d0; border-left-width: 0.4rem; border-radius: 0.4rem; padding: 0.6rem 0.8rem; display: grid; overflow-wrap: anywhere; }
li span { color: #555b66; }
em { font-style: normal; }
li.ours { border-left-color: #1a7f37; }
li.other, li.no { border-left-color: #b3261e; }
#state { font-weight: 600; }
@media (prefers-color-scheme: dark) {
  body { background: #16181d; color: #e8eaef; }
  li { border-color: #434854; }
  li span { color: #aab0bc; }
  li.ours { border-left-color: #4ac26b; }
  li.other, li.no { border-left-color: #f2867d; }
}
`
