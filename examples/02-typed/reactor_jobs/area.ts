import { job } from 'job-reactor'
import '../jobs.js'

job('area', ({ width, height }) => ({ area: width * height }))
