/** A command line as one may show it: short, and without what looks like a secret. Pure. */
import { basename } from 'node:path'

const MOST_CHARACTERS = 100
/** `--api-key`, `DB_PASSWORD`, `-token`: what comes after it is nobody's business. */
const SECRET_NAME = /(token|secret|passw|credential|auth|api-?_?key|access-?_?key|private-?_?key|session)/i
const HIDDEN = '***'

export function shortCommand({ command, args }: { readonly command: string; readonly args: readonly string[] }): string {
  const words = [basename(command)]
  let hidesNext = false
  for (const word of args) {
    words.push(hidesNext && !word.startsWith('-') ? HIDDEN : withoutSecrets(word))
    hidesNext = /^--?[\w-]+$/.test(word) && SECRET_NAME.test(word)
  }
  const text = words.join(' ').replaceAll(/\s+/g, ' ')
  return text.length <= MOST_CHARACTERS ? text : `${text.slice(0, MOST_CHARACTERS - 3)}...`
}

function withoutSecrets(word: string): string {
  const [name = '', ...value] = word.split('=')
  if (value.length > 0 && SECRET_NAME.test(name)) return `${name}=${HIDDEN}`
  // Credentials in a URL, and its query, which may carry a signature.
  return word.replace(/(\w+:\/\/)[^/@\s]*@/g, `$1${HIDDEN}@`).replace(/(\w+:\/\/[^?\s]*)\?\S*/g, `$1?${HIDDEN}`)
}
