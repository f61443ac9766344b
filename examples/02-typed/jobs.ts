// What the app and the job files agree on: imported by both for its types alone.
declare module 'job-reactor' {
  interface JobRegistry {
    area: { args: { width: number; height: number }; result: { area: number } }
  }
}

export {}
