import { fileURLToPath } from 'node:url'
import { readConfig } from '../../src/options/config-file.js'
import { allowedEnv, parseVariables, WITHHELD, withheldNames } from '../../src/options/env.js'
import { NODE_OPTIONS, type NodeOptions } from '../../src/options/node-options.js'
import { asFlag, envOf, type Option } from '../../src/options/option.js'
import type { Address } from '../../src/wire/address.js'

/** Every option of a node, but where it connects: that is this app. A store of your own can't go to another process. */
export type SpawnOptions = NodeOptions & {
  readonly name: string
  readonly store?: Extract<NodeOptions['store'], string>
}

const CLI = fileURLToPath(new URL('../../cli/main.js', import.meta.url))

export interface SpawnCommand {
  readonly args: readonly string[]
  readonly env: Readonly<Record<string, string>>
}

/** How a node with these options is started. Throws a TypeError for options that a spawned node does not take. */
export function spawnCommand(options: SpawnOptions, address: Address, lifeLine: number): SpawnCommand {
  const variables = variablesOf(options)
  // Who reads the app's output reads the node's, which comes out there.
  const { logJson = process.stderr.isTTY !== true } = options
  const given = written({ ...options, env: variables, logJson })
  // Command lines can be read by everybody on the machine.
  const [secret, open] = [given.filter((one) => one.secret), given.filter((one) => !one.secret)]
  return {
    args: [
      CLI,
      'node',
      ...open.map(({ key, text }) => `${asFlag(key)}=${text}`),
      `--distributors=${NODE_OPTIONS.distributors.write([address])}`,
      `--parent-fd=${lifeLine}`,
    ],
    // The node hands `env` on to its children.
    env: {
      ...allowedEnv(process.env, variables),
      ...Object.fromEntries(secret.map(({ key, text }) => [envOf(key), text])),
      [WITHHELD]: withheldNames(process.env, variables).join(),
    },
  }
}

/** The node has the app's working directory, and so its config file. But what that names is here, and not there. */
function variablesOf({ env }: SpawnOptions): Readonly<Record<string, string>> {
  if (env !== undefined) return parseVariables(env, 'spawnNode: env', process.env)
  const file = readConfig(undefined)
  const named = file?.values.env
  return named === undefined ? {} : parseVariables(named, `${file?.name} env`, process.env)
}

interface Written {
  readonly key: string
  readonly text: string
  readonly secret: boolean
}

function written(options: SpawnOptions): Written[] {
  const known = new Map<string, Option>(Object.entries(NODE_OPTIONS))
  return Object.entries(options).flatMap(([key, value]): Written[] => {
    if (value === undefined) return []
    const option = known.get(key)
    if (option === undefined)
      throw new TypeError(`spawnNode: ${key}: no such option; known: ${[...known.keys()].join(', ')}`)
    if (key === 'distributors')
      throw new TypeError('spawnNode: distributors: a spawned node connects to this app')
    return [{ key, text: option.write(value), secret: option.secret }]
  })
}
