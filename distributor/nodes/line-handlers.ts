import type { JrError } from '../../src/errors.js'
import type { OutcomeMessage, Progress, Refused } from '../../src/wire/messages.js'
import type { OutJob } from '../sending/out-job.js'

/** Why a job is refused: which it was, by its number; and `job`, the id of the one that is there instead; empty: none. */
export type Why = Pick<Refused, 'number' | 'code' | 'message' | 'job'>

/** What is told of one node. `Line`: the node. */
export interface LineHandlers<Line> {
  readonly onOpen: (line: Line) => void
  /** About to be sent, its number settled. */
  readonly onSend: (line: Line, job: OutJob) => void
  readonly onAccepted: (line: Line, job: OutJob) => void
  /** Of those that are to be taken together one is why all are refused. */
  readonly onRefused: (line: Line, job: OutJob, why: Why) => void
  /** The outcomes of one read. Answers when the feedback of each is done, which it is when that is null: it counts as taken then. */
  readonly onOutcomes: (
    line: Line,
    messages: readonly OutcomeMessage[],
  ) => readonly (Promise<unknown> | null)[]
  /** The outcome of this job came, and can't be read. */
  readonly onUnreadable: (line: Line, id: string, error: JrError) => void
  /** The node closes the connection because of something that this app has sent. */
  readonly onBroken: (line: Line, code: string, message: string) => void
  /** It was on its way each time that the connection was lost, the last time alone: it is not sent again. */
  readonly onSetAside: (line: Line, job: OutJob) => void
  /**
   * It is one with the job of this id, which was there already, or, as the node was away when it was accepted, it may be one
   * with another: whose outcome will come has to be asked.
   */
  readonly onJoined: (line: Line, job: OutJob, id: string) => void
  readonly onProgress: (line: Line, told: Progress) => void
  /** There may be room for more jobs. */
  readonly onCredit: (line: Line) => void
  /** The node did not come back in time: these may go elsewhere. */
  readonly onDoubt: (line: Line, jobs: readonly OutJob[]) => void
  /** The node is back, and has jobs that had been given up. Takes out, and answers, those of them that wait for a node still. */
  readonly onReturn: (line: Line, isIt: (job: OutJob) => boolean) => readonly OutJob[]
  /** The node is back, and does not have the jobs any more that it had accepted above this number. */
  readonly onLost: (line: Line, above: number) => void
  readonly onClose: (line: Line, error: JrError | null) => void
}
