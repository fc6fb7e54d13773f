import { html, type SafeHtml } from '@remix-run/html-template'
import type { Finding, LedgerName } from '../../harness/model/finding.ts'
import type { ScenarioRun } from '../../harness/model/run-record.ts'
import { codeFrame } from '../code-frame.ts'
import { evidenceByLedger, placeText, proofText, requestText } from '../finding-text.ts'
import { oneLine } from '../neutralise.ts'

export interface FindingOptions {
  readonly readSource: (file: string) => string | null
}

const LEDGER_WORDS = {
  requests: 'requests and bodies',
  pools: 'pools',
  kernel: 'kernel',
  peer: 'peer',
} as const satisfies Record<LedgerName, string>

/** The frame as the text report has it; the line that is meant is set apart by more than colour: the frame's own `>` and `^` stay. */
function frame(finding: Finding, { readSource }: FindingOptions): SafeHtml | null {
  const place = finding.openedAt
  const text = place === null ? null : codeFrame(readSource(place.file), place, false)
  if (text === null) return null
  const lines = text.split('\n').map((each) => (each.startsWith('>') ? html`<span class="meant">${each}\n</span>` : `${each}\n`))
  return html`<pre class="code scroll" role="group" aria-label="Source of ${placeText(place as NonNullable<typeof place>)}" tabindex="0"><code>${lines}</code></pre>`
}

/** What each ledger says, the ledgers always in the same order. */
function evidence(finding: Finding): SafeHtml | null {
  if (finding.evidence.length === 0) return null
  const said = evidenceByLedger(finding)
  const row = (ledger: LedgerName): SafeHtml =>
    html`<tr><th scope="row">${LEDGER_WORDS[ledger]}</th><td>${said.get(ledger)?.map((each) => html`<span class="said">${each}</span>`)}</td></tr>`
  const ledgers = (Object.keys(LEDGER_WORDS) as LedgerName[]).filter((ledger) => said.has(ledger))
  return html`<table class="evidence"><caption>Evidence by ledger</caption>
<thead class="unseen"><tr><th scope="col">ledger</th><th scope="col">says</th></tr></thead>
<tbody>${ledgers.map(row)}</tbody></table>`
}

function proof(finding: Finding, run: ScenarioRun): SafeHtml | null {
  if (run.proof === null || finding !== run.findings[0]) return null
  const text = proofText(run.proof, run.blockedAtRequest, finding.code === 'UNREAD_BODY' ? 'body' : 'suspect')
  return html`<div class="proof"><dt>Proof</dt><dd>${text}</dd></div>`
}

/** One finding: what, where, the line, why we believe it, what to do, and the proof. `isFramed`: the line was shown above. */
export function findingSection(finding: Finding, run: ScenarioRun, isFramed: boolean, options: FindingOptions): SafeHtml {
  const request = requestText(finding)
  const where =
    finding.openedAt === null
      ? html`<span class="muted">opened at an unknown place</span>`
      : html`opened at <code class="place">${placeText(finding.openedAt)}</code>`
  const touched =
    finding.lastTouchedAt === null ? null : html`<p>last touched at <code class="place">${placeText(finding.lastTouchedAt)}</code></p>`
  return html`<section class="finding ${finding.severity}">
<h4><code>${oneLine(finding.code)}</code> <span class="times">×${finding.count}</span> <span class="severity">${finding.severity}</span></h4>
<p class="what">${oneLine(finding.summary)}</p>
<p>${where}</p>
${isFramed ? null : frame(finding, options)}
${request === '' ? null : html`<p><code class="request">${request}</code>${finding.request?.status == null ? null : html` <span class="muted">answered ${finding.request.status}</span>`}</p>`}
${touched}
${evidence(finding)}
<dl class="remedy">${finding.advice === '' ? null : html`<div><dt>Fix</dt><dd>${oneLine(finding.advice)}</dd></div>`}${proof(finding, run)}</dl>
</section>`
}
