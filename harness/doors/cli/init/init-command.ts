import { existsSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { HarnessError } from '../../../model/errors.ts'
import type { InitArguments } from '../arguments.ts'
import { EXIT } from '../exit-code.ts'
import { installedVersion } from '../installed-version.ts'
import { type Io, print } from '../io.ts'
import { CONFIG_TEXT, SCENARIO_NAME, SCENARIO_TEXT } from './templates.ts'

const CONFIG = 'watertight.config.ts'
/** The other names a configuration may have: two of them would be one too many. */
const OTHER_CONFIGS = ['watertight.config.mts', 'watertight.config.js', 'watertight.config.mjs']

const FILES: readonly (readonly [name: string, text: string])[] = [
  [CONFIG, CONFIG_TEXT],
  [`scenarios/${SCENARIO_NAME}.ts`, SCENARIO_TEXT],
]

/** `watertight init`: a configuration and a first scenario, both or none. Resolves to the exit code; throws HarnessError when it would overwrite. */
export async function initCommand({ force }: InitArguments, io: Io): Promise<number> {
  const isThere = (name: string): boolean => existsSync(join(io.cwd, name))
  refuse(OTHER_CONFIGS.filter(isThere), `keep it, or remove it and let \`watertight init\` write ${CONFIG}`)
  if (!force) refuse(FILES.map(([name]) => name).filter(isThere), '--force overwrites')
  for (const [name, text] of FILES) {
    const file = join(io.cwd, name)
    try {
      await mkdir(dirname(file), { recursive: true })
      await writeFile(file, text, { flag: force ? 'w' : 'wx' })
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error)
      throw new HarnessError('INVALID_OPTION', `${name} cannot be written: ${why}`, 'go to a folder you may write to')
    }
  }
  const install = installedVersion(io.cwd) === null ? 'next   npm install --save-dev watertight\n       ' : 'next   '
  const written = FILES.map(([name]) => `wrote  ${name}\n`).join('')
  await print(
    io,
    `${written}\n${install}npx watertight run ${SCENARIO_NAME}\n       then put your own service into it; the comments say where\n`,
  )
  return EXIT.ok
}

function refuse(names: readonly string[], remedy: string): void {
  if (names.length === 0) return
  throw new HarnessError(
    'INVALID_OPTION',
    `${names.join(' and ')} ${names.length === 1 ? 'is' : 'are'} there already, so nothing was written`,
    remedy,
  )
}
