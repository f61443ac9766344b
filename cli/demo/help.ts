/** What it takes of a folder, unless it is told otherwise. */
export const MOST = { files: 4000, megabytes: 200, seconds: 20 } as const

export const DEMO_HELP = `jr demo: see it work, on the files of a folder of yours

  jr demo                       the modules beside this package
  jr demo DIR                   a folder of yours; it is only read
  jr demo DIR --chaos           the node is killed with kill -9 in the middle, twice
  jr demo --json                the figures as JSON

  --max-files N    at most so many files (${MOST.files})
  --max-mb N       at most so many megabytes (${MOST.megabytes})
  --seconds N      begin no more files after this (${MOST.seconds})
  --keep           leave the node's data where they are, and say where

Starts an app and a node with a LevelDB and three children, enqueues a job for each file and a few
others, waits for their feedbacks, and prints what happened. Exits with 1 when any figure is wrong.
`
