import { Option } from 'commander'
import { path } from './option-values.ts'

/** The same for each command that reads a configuration. */
export function configOption(): Option {
  return new Option(
    '--config <file>',
    'the configuration to use (default: watertight.config.ts of the working directory, if it is there)',
  ).argParser(path('--config', 'watertight.config.ts'))
}

/** The same for each command that writes files. */
export function outputOption(): Option {
  return new Option('--output <folder>', 'where to write run.txt, run.json, run.html and the others (default: reports/out)').argParser(
    path('--output', 'reports/out'),
  )
}
