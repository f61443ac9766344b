import { useEffect, useRef } from 'preact/hooks'
import uPlot from 'uplot'
import type { Parts } from './types.js'

const HOURS = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit' })
const SECONDS = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit', second: '2-digit' })

function clock(_plot: unknown, times: readonly number[]): string[] {
  const words = times.every((time) => time % 60 === 0) ? HOURS : SECONDS
  return times.map((time) => words.format(time * 1000))
}

/** How many jobs have completed and failed in each part of a span. Others than eyes get the sums beside it. */
export function Chart({
  parts,
  at,
  label,
}: {
  readonly parts: Parts
  readonly at: string
  readonly label: string
}) {
  const box = useRef<HTMLDivElement>(null)
  const plot = useRef<uPlot | null>(null)
  const { stepMs, completed, failed } = parts
  useEffect(() => {
    const { current } = box
    if (current === null) return
    const style = getComputedStyle(current)
    const colour = (name: string) => style.getPropertyValue(name).trim()
    const axis = {
      stroke: colour('--dim'),
      grid: { stroke: colour('--line'), width: 1 },
      ticks: { show: false },
    }
    const bars = uPlot.paths.bars?.({ size: [0.8, 40] })
    const line = (name: string, stroke: string) => ({
      label: name,
      stroke,
      fill: stroke,
      width: 0,
      points: { show: false },
      ...(bars === undefined ? {} : { paths: bars }),
    })
    const made = new uPlot(
      {
        width: current.clientWidth || 600,
        height: 160,
        cursor: { show: false },
        legend: { show: false },
        axes: [
          { ...axis, values: clock },
          { ...axis, size: 50 },
        ],
        scales: { y: { range: (_, __, max) => [0, Math.max(1, max * 1.1)] } },
        series: [{}, line('completed', colour('--ok')), line('failed', colour('--bad'))],
      },
      data(),
      current,
    )
    plot.current = made
    const resize = new ResizeObserver(() => made.setSize({ width: current.clientWidth, height: 160 }))
    resize.observe(current)
    return () => {
      resize.disconnect()
      made.destroy()
      plot.current = null
    }
  }, [stepMs])
  const data = (): uPlot.AlignedData => {
    const last = Math.floor(Date.parse(at) / stepMs)
    const times = completed.map((_, i) => ((last - completed.length + 1 + i) * stepMs) / 1000)
    // The failed stand in front of all that ended.
    return [times, completed.map((many, i) => many + (failed[i] ?? 0)), [...failed]]
  }
  useEffect(() => plot.current?.setData(data()))
  return <div class="chart" ref={box} role="img" aria-label={label} />
}
