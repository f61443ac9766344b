import { job } from 'job-reactor'
import '../jobs.ts'

job('area', ({ width, height }) => ({ area: width * height }))
