import { Option } from 'commander'

/** The same for each command that reads a configuration. */
export function configOption(): Option {
  return new Option('--config <file>', 'the configuration to use (default: watertight.config.ts of the working directory, if it is there)')
}
