// Entry of the window: mounts the app and joins it to the lab. Nothing else happens here.
import { createApp } from 'vue'
import { createPinia } from 'pinia'
import App from './App.vue'
import './styles/tokens.css'
import './styles/base.css'

createApp(App).use(createPinia()).mount('#app')
