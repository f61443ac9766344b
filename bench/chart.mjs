import { figure } from './summary.mjs'

const WIDTH = 800
const LABELS = 310
const BARS = 380
const ROW = 38
const TOP = 64
const STYLE = `
  text { font-family: system-ui, -apple-system, 'Segoe UI', 'DejaVu Sans', sans-serif; fill: #1f2328 }
  .title { font-size: 17px; font-weight: 600 }
  .name { font-size: 13px; font-weight: 600 }
  .small { font-size: 11px; fill: #59636e }
  .value { font-size: 12px }
  .ours { fill: #0969da }
  .peer { fill: #8c959f }
  .spread { stroke: #1f2328; stroke-width: 1.5; stroke-opacity: 0.55 }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3 }
    .small { fill: #9198a1 }
    .ours { fill: #4493f8 }
    .peer { fill: #6e7681 }
    .spread { stroke: #e6edf3 }
  }`

/**
 * Horizontal bars as SVG, the longest first, for light and dark pages. A row: `name`, `text` below it, `ours`, and
 * `median`, `from`, `to` of what is compared, and `mark`,
 * which follows the figure.
 */
export function chart({ title, text, rows }) {
  const sorted = rows.toSorted((a, b) => b.median - a.median)
  const most = Math.max(...sorted.map(({ to }) => to))
  const height = TOP + sorted.length * ROW + 8
  const x = (value) => LABELS + (value / most) * BARS
  const bars = sorted.map((row, i) => bar(row, TOP + i * ROW, x))
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img">`,
    `<title>${escapeXml(title)}</title>`,
    `<style>${STYLE}\n</style>`,
    `<text class="title" x="16" y="26">${escapeXml(title)}</text>`,
    `<text class="small" x="16" y="45">${escapeXml(text)}</text>`,
    ...bars,
    '</svg>',
    '',
  ].join('\n')
}

function bar({ name, text, ours, median, from, to, mark }, y, x) {
  const middle = y + 13
  const end = x(median)
  return [
    `<text class="name" x="${LABELS - 12}" y="${y + 12}" text-anchor="end">${escapeXml(name)}</text>`,
    `<text class="small" x="${LABELS - 12}" y="${y + 26}" text-anchor="end">${escapeXml(text)}</text>`,
    `<rect class="${ours ? 'ours' : 'peer'}" x="${LABELS}" y="${y + 2}" width="${(end - LABELS).toFixed(1)}" height="22" rx="2"/>`,
    `<line class="spread" x1="${x(from).toFixed(1)}" x2="${x(to).toFixed(1)}" y1="${middle}" y2="${middle}"/>`,
    `<text class="value" x="${(Math.max(end, x(to)) + 8).toFixed(1)}" y="${middle + 4}">${figure(median)}${mark}</text>`,
  ].join('\n')
}

function escapeXml(text) {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;')
}
