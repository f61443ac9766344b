import 'uplot/dist/uPlot.min.css'
import './app.css'
import { render } from 'preact'
import { Root } from './root.js'
import { setTheme, theme } from './theme.js'

setTheme(theme())
const place = document.getElementById('app')
if (place !== null) render(<Root />, place)
