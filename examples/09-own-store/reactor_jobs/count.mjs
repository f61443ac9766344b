import { job } from 'job-reactor'

job('count_words', ({ text }) => ({ words: text.split(/\s+/).length }))
