import { useState } from 'preact/hooks'
import { send } from './api.js'
import { useApp } from './app-state.js'
import { Dialog, JsonField, parsed } from './dialog.js'
import { json } from './format.js'
import { go, pathOf } from './router.js'
import type { LoadedJob } from './types.js'

/** Other args and options for a job that waits. */
export function EditDialog({
  job,
  close,
  reload,
}: {
  readonly job: LoadedJob
  readonly close: () => void
  readonly reload: () => void
}) {
  const { say } = useApp()
  const [args, setArgs] = useState(json(job.args ?? {}))
  const [opts, setOpts] = useState('{}')
  const save = async () => {
    const options = parsed(opts, 'options')
    const body = {
      args: parsed(args, 'args'),
      ...(Object.keys(options).length === 0 ? {} : { opts: options }),
    }
    await send('PATCH', pathOf('jobs', job.id), body)
    say('It has other args')
    reload()
  }
  return (
    <Dialog title={`Edit ${job.name}`} yes="Save" onYes={save} onClose={close}>
      <JsonField label="Args (JSON)" value={args} onChange={setArgs} />
      <JsonField
        label={'Options in place of those that it has, such as { "priority": -1, "after": "5m" }'}
        value={opts}
        onChange={setOpts}
      />
    </Dialog>
  )
}

/** A new job with the args of this one, as they are or otherwise. */
export function EnqueueDialog({ job, close }: { readonly job: LoadedJob; readonly close: () => void }) {
  const { say } = useApp()
  const [args, setArgs] = useState(json(job.args ?? {}))
  const [opts, setOpts] = useState('{}')
  const enqueue = async () => {
    const body = { name: job.name, args: parsed(args, 'args'), opts: parsed(opts, 'options') }
    const { id } = await send<{ id: string }>('POST', 'jobs', body)
    say('It is enqueued as a new job')
    go(pathOf('jobs', id))
  }
  return (
    <Dialog title={`Enqueue ${job.name} again, as a new job`} yes="Enqueue" onYes={enqueue} onClose={close}>
      <JsonField label="Args (JSON)" value={args} onChange={setArgs} />
      <JsonField label="Options (JSON)" value={opts} onChange={setOpts} />
    </Dialog>
  )
}
