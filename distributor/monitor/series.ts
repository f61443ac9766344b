import type { SeriesOfNode } from '../../src/verbs/counts.js'

/** How many jobs have ended in each part of a span: the oldest part first, and last the one that is under way. */
export interface SeriesParts {
  /** Milliseconds of each part. Parts begin at whole seconds, minutes and hours (UTC). */
  readonly stepMs: number
  readonly completed: readonly number[]
  readonly failed: readonly number[]
}

/** How many jobs have completed and failed over the last minute, hour and day. */
export interface JobSeries {
  readonly at: Date
  /** 60 seconds. */
  readonly minute: SeriesParts
  /** 60 minutes. */
  readonly hour: SeriesParts
  /** 24 hours. */
  readonly day: SeriesParts
}

/** Which jobs are meant. */
export interface OfName {
  /** Default: all names. */
  readonly name?: string | undefined
}

export function seriesOf({ at, minute, hour, day }: SeriesOfNode): JobSeries {
  return { at: new Date(at), minute, hour, day }
}

/** All of these together. Nodes have answered at other moments: parts meet by when they began. */
export function sumOfSeries(all: readonly JobSeries[]): JobSeries {
  const at = new Date(Math.max(...all.map((one) => one.at.getTime())))
  return { at, minute: summed(all, at, 'minute'), hour: summed(all, at, 'hour'), day: summed(all, at, 'day') }
}

function summed(all: readonly JobSeries[], at: Date, span: 'minute' | 'hour' | 'day'): SeriesParts {
  const stepMs = all[0]?.[span].stepMs ?? 1
  const length = all[0]?.[span].completed.length ?? 0
  const completed = new Array<number>(length).fill(0)
  const failed = new Array<number>(length).fill(0)
  const add = (to: number[], from: readonly number[], behind: number) => {
    for (const [i, count] of from.entries()) if (i >= behind) to[i - behind] = (to[i - behind] ?? 0) + count
  }
  for (const one of all) {
    // So many parts have begun since this node has answered.
    const behind = partAt(at, stepMs) - partAt(one.at, stepMs)
    add(completed, one[span].completed, behind)
    add(failed, one[span].failed, behind)
  }
  return { stepMs, completed, failed }
}

function partAt(at: Date, stepMs: number): number {
  return Math.floor(at.getTime() / stepMs)
}
