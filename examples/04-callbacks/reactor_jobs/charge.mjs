import { job, jobCallback, jobErrback } from 'job-reactor'

job('charge', (args) => {
  args.steps = ['charged']
  if (args.cents <= 0) throw new Error(`cannot charge ${args.cents} cents`)
})

// Callbacks run after the body, in order, and see what was added before them.
jobCallback('charge', 'receipt', (args) => {
  args.steps.push('receipt sent')
})
jobCallback('charge', 'books', (args) => {
  args.steps.push('booked')
})

// Errbacks run after each attempt that failed; the app hears of it once, when the last has.
jobErrback('charge', 'refund', (args) => {
  args.refunded = `undone: ${args.steps.join(', ')}`
})
