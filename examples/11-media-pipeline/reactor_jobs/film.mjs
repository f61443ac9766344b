import { job } from 'job-reactor'

job('fetch', ({ film }) => ({ film, file: `${film}.mov` }))

// What a job needs is there with what it has answered.
job('convert', ({ to }, ctx) => {
  const { file, film } = ctx.needs.fetch.args
  return { film, file: file.replace('mov', to) }
})

job('subtitle', (_args, ctx) => {
  const { film, file } = ctx.needs.sound.args
  if (film.startsWith('silent')) throw new Error(`nobody speaks in ${file}`)
  return { file: `${film}.srt` }
})

job('publish', (_args, ctx) => {
  const { small, large, subtitles } = ctx.needs
  const files = [small, large, subtitles].filter(({ state }) => state === 'completed')
  return { published: files.map(({ args }) => args.file).join(', ') }
})
