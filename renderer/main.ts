// Entry of the window: mounts the app and joins it to the lab. What all parts share comes first, so that a component's own style wins.
import { createApp } from 'vue'
import { createPinia } from 'pinia'
import './styles/tokens.css'
import './styles/elements.css'
import './styles/controls.css'
import './styles/marks.css'
import './styles/layout.css'
import './styles/grid.css'
import './styles/ladder.css'
import './styles/access.css'
import App from './App.vue'

createApp(App).use(createPinia()).mount('#app')
