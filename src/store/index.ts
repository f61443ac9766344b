export { ERROR_CODES, type ErrorCode, JrError } from '../errors.js'
export type { Course } from '../job/course.js'
export { KEPT_AS, type KeptAs, keptAs, keptBy } from '../job/kept.js'
export type { Lane } from '../job/lane.js'
export { liveView } from '../job/live-view.js'
export {
  bytesOfJob,
  bytesOfStored,
  type EndedJob,
  type JobRecord,
  type KeptResult,
  type Outcome,
  type Place,
  type StoredJob,
} from '../job/record.js'
export { type JobState, type TerminalState, waitingState } from '../job/states.js'
export type { Agreed } from '../job/terms/agreed.js'
export type { Act, ActAnswer } from '../verbs/acts.js'
export { meets, type ParsedFilter } from '../verbs/query.js'
export * from './contract.js'
export { DirectoryLock } from './directory-lock.js'
export { firstOf } from './first-of.js'
export { type LevelOptions, levelStore } from './level/store.js'
export { memoryStore } from './memory.js'
export { compareKeys, isTaken, isWithin, lasting, NOTES_BYTES } from './notes.js'
export { type RedisStoreOptions, redisStore } from './redis/store.js'
export { firstRefusal, type Ground, refusalOf } from './refusal.js'
export type { StoreUnderTest } from './suite/fixtures.js'
export { type ContractCase, storeContract } from './suite/suite.js'
