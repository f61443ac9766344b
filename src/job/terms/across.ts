import type { Terms } from './table.js'

/** The rules over two terms: what is wrong with them together, or null. */
export function clash({
  node,
  notNode,
  periodMs,
  missed,
  serial,
  needs,
  flow,
  parent,
  keepResultMs,
  unique,
}: Terms): string | null {
  if (node !== undefined && notNode?.includes(node) === true)
    return `opts.node and opts.notNode: both name '${node}', so that no node is left`
  if (missed !== undefined && periodMs === undefined)
    return 'opts.missed: expected opts.period beside it: only a schedule has slots'
  if (serial !== undefined && periodMs !== undefined)
    return 'opts.serial and opts.period: a job of a period would hold up its series for ever; use JR.schedule'
  if (periodMs !== undefined && (flow ?? parent) !== undefined)
    return 'opts.period: a job that others wait for, or that waits for others, runs once; use JR.schedule for a job that makes them'
  if (needs !== undefined && flow === undefined) return 'opts.needs: expected opts.flow beside it'
  if (parent !== undefined && flow !== undefined)
    return 'opts.parent and opts.flow: expected one of them, got both'
  if (unique?.onConflict === 'replace' && (flow ?? parent) !== undefined)
    return "opts.unique.onConflict: expected 'join' or 'reject' for a job that others wait for, or that waits for others, got 'replace'"
  if (keepResultMs !== undefined && periodMs !== undefined)
    return 'opts.keepResult and opts.period: a job of a period never completes; use JR.schedule'
  return null
}
