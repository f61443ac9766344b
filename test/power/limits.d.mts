import type { YoungLimits } from '#dist/src/store/level/young.js'

export const LIMITS: YoungLimits
export const WIDE: YoungLimits
