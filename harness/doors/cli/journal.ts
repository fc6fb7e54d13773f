import { closeSync, fdatasync, ftruncateSync, openSync, unlinkSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import type { ReportFormat } from '../../model/config.ts'
import type { JournalEntry, Timed } from '../../model/journal.ts'
import { type JournalHead, journalName, parseJournal } from './journal-text.ts'
import type { OutputFolder } from './output-folder.ts'
import { runnersPlace } from './runners-place.ts'

/** Results as they come: a line each, on disk before the next run is judged. */
export interface Journal {
  /** Keeps an entry, on disk where that is possible and in memory in any case. Never throws. */
  add(entry: JournalEntry): void
  /** What it holds, read back from its own lines: whoever makes a report from here makes the same from the file. */
  entries(): readonly Timed<JournalEntry>[]
  /** The file and whether all is in it; null: there is none, for lack of entries or of a disk. */
  file(): { readonly path: string; readonly isComplete: boolean } | null
  /** Ends it. The file stays for whoever makes the report, or goes where there is nothing left to make. */
  close(file: 'keep' | 'remove'): Promise<void>
}

export interface JournalRequest {
  readonly folder: OutputFolder
  readonly runId: string
  readonly cwd: string
  /** Which reports are to be made of it, by the next start if this process is killed. */
  readonly formats: readonly ReportFormat[]
  /** Called once when the disk takes no more, with what prevents it. */
  readonly onTrouble: (message: string) => void
}

/** Starts a journal; the file is made with its first entry. */
export function startJournal({ folder, runId, cwd, formats, onTrouble }: JournalRequest): Journal {
  const head: JournalHead = {
    schema: 'watertight/journal@1',
    runId,
    startedAt: new Date().toISOString(),
    cwd,
    place: runnersPlace(),
    formats,
  }
  const name = journalName(runId)
  const path = join(folder.path, name)
  const startedMs = performance.now()
  const lines = [`${JSON.stringify(head)}\n`]
  let fd: number | null = null
  let isWhole = true
  let isTold = false
  let flushed: Promise<void> = Promise.resolve()
  /** Lines and bytes that are on disk for sure: a disk may take half a line before it is full. */
  const safe = { lines: 0, bytes: 0 }

  function trouble(error: unknown): void {
    if (!isTold) onTrouble(error instanceof Error ? error.message : String(error))
    isTold = true
  }

  /** Writes all that is not on disk yet: what was refused when the disk was full gets another chance with every entry. */
  function write(): void {
    try {
      // exclusive: whatever stands there already, a link for instance, is not ours
      fd ??= openSync(path, 'ax', 0o600)
      if (!isWhole) ftruncateSync(fd, safe.bytes)
      isWhole = true
      for (const line of lines.slice(safe.lines)) {
        const bytes = Buffer.from(line)
        for (let at = 0; at < bytes.length; ) {
          isWhole = false
          at += writeSync(fd, bytes, at)
        }
        isWhole = true
        safe.lines += 1
        safe.bytes += bytes.length
      }
    } catch (error) {
      trouble(error)
    }
  }

  /** Not waited for: a kill takes nothing from what was written, only a crash of the whole machine would, and the measuring must not stand still. */
  function flush(): void {
    const open = fd
    if (open === null) return
    flushed = flushed.then(
      () =>
        new Promise((done) =>
          fdatasync(open, (error) => {
            if (error !== null) trouble(error)
            done()
          }),
        ),
    )
  }

  return {
    add(entry) {
      lines.push(`${JSON.stringify({ atMs: Math.round(performance.now() - startedMs), ...entry })}\n`)
      write()
      flush()
    },
    entries: () => parseJournal(lines.join('')).entries,
    file: () => (safe.lines > 1 ? { path: join(folder.name, name), isComplete: safe.lines === lines.length } : null),
    async close(file) {
      await flushed
      if (fd === null) return
      try {
        closeSync(fd)
        if (file === 'remove' || safe.lines < 2) unlinkSync(path)
      } catch {
        // gone already, with its folder for instance: there is nothing to keep
      }
      fd = null
    },
  }
}
