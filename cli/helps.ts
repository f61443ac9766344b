import { DEMO_HELP } from './demo/help.js'
import * as help from './help.js'
import * as machine from './help-machine.js'
import * as running from './help-running.js'

/** What `--help` says of each command. Completion and the page of commands come from it. */
export const HELPS: Readonly<Record<string, string>> = {
  node: help.nodeHelp(),
  status: running.STATUS_HELP,
  top: running.TOP_HELP,
  jobs: help.JOBS_HELP,
  enqueue: running.ENQUEUE_HELP,
  failures: running.FAILURES_HELP,
  counts: help.COUNTS_HELP,
  names: help.NAMES_HELP,
  limits: help.LIMITS_HELP,
  pause: help.PAUSE_HELP,
  resume: help.RESUME_HELP,
  schedules: help.SCHEDULES_HELP,
  flow: help.FLOW_HELP,
  nodes: running.NODES_HELP,
  children: running.CHILDREN_HELP,
  drain: running.DRAIN_HELP,
  web: help.WEB_HELP,
  demo: DEMO_HELP,
  doctor: machine.DOCTOR_HELP,
  repair: machine.REPAIR_HELP,
  config: machine.CONFIG_HELP,
  completion: running.COMPLETION_HELP,
}
