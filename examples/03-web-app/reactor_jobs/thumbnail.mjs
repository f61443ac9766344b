import { job } from 'job-reactor'

// Real work would block the event loop: `defer` gives it a process of its own.
job('thumbnail', { defer: true, timeout: '30s', maxAttempts: 3 }, ({ picture }) => ({
  thumbnail: `small-${picture}`,
}))
