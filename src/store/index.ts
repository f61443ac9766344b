export type {
  EndedJob,
  JobRecord,
  Lane,
  Missed,
  Outcome,
  Place,
} from '../job/record.js'
export type { JobState, TerminalState } from '../job/states.js'
export * from './contract.js'
export { type ContractCase, type StoreUnderTest, storeContract } from './contract-suite.js'
export { type LevelOptions, levelStore } from './level/store.js'
export { memoryStore } from './memory.js'
