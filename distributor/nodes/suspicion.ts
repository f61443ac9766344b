/**
 * What was on its way when the connection was lost may be why: the more so when the node said that it can't take what came.
 * From so much suspicion on, jobs are sent one at a time.
 */
export const SUSPECT = 5
export const LOST = 1
export const BROKEN = 3
/** Somebody between has changed a frame: no fault of what was on its way. */
export const INNOCENT = 0
