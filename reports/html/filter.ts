import { html, type SafeHtml } from '@remix-run/html-template'
import { VERDICTS } from '../../harness/model/diagnosis.ts'
import type { RunRecord } from '../../harness/model/run-record.ts'
import { counted } from '../amounts.ts'
import { oneLine } from '../neutralise.ts'

function select(name: string, all: string, options: readonly string[]): SafeHtml {
  return html`<label>${name} <select name="${name}"><option value="*">${all}</option>${options.map((each) => html`<option value="${each}">${each === '' ? 'none' : each}</option>`)}</select></label>`
}

/** Hidden until the script shows it: without script it could do nothing, and everything is there to be read anyway. */
export function filterForm({ runs }: RunRecord): SafeHtml {
  const verdicts = VERDICTS.filter((verdict) => runs.some((run) => run.verdict === verdict))
  const scenarios = [...new Set(runs.map((run) => oneLine(run.scenario)))]
  const backends = [...new Set(runs.map((run) => run.backend ?? ''))]
  return html`<form class="filter" id="filter" aria-label="Filter the runs" hidden>
${select('verdict', 'all verdicts', verdicts)}
${select('scenario', 'all scenarios', scenarios)}
${select('backend', 'all backends', backends)}
<label class="check"><input type="checkbox" name="unexpected"> only NOT as expected</label>
<span class="buttons"><button type="button" id="open-all">Open all</button><button type="button" id="close-all">Close all</button><button type="reset">Reset</button></span>
</form>
<p class="muted" id="shown" role="status">${counted(runs.length, 'run', 'runs')}</p>`
}
