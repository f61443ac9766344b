import { job } from 'job-reactor'

job('square', ({ n }) => ({ squared: n * n }))
