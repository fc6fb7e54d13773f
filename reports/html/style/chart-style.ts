/** Charts: every line is told apart by colour, stroke and label. */
export const CHART_STYLE = `
.chart { display: block; width: 100%; height: auto; font: 11.5px system-ui, sans-serif; overflow: visible; }
.chart.narrow { display: none; }
.chart .grid { stroke: var(--edge); stroke-width: 1; fill: none; }
.chart .tick, .chart .axis { fill: var(--muted); }
.chart .work { fill: var(--band); }
.chart .label { fill: var(--text); font-weight: 600; }
.chart text.label.work { fill: var(--muted); }
.chart .label.sockets { fill: var(--sockets); }
.chart .label.descriptors { fill: var(--descriptors); }
.chart .label.handles { fill: var(--handles); }
.chart .label.deadline { fill: var(--leaked); }
.chart .label.returned { fill: var(--clean); }
.landmark { fill: none; stroke-width: 1.75; }
.landmark.deadline { stroke: var(--leaked); stroke-dasharray: 7 3 1.5 3; }
.landmark.returned { stroke: var(--clean); }
.series { fill: none; stroke-width: 2.5; stroke-linejoin: round; }
.series.sockets { stroke: var(--sockets); }
.series.descriptors { stroke: var(--descriptors); stroke-dasharray: 6 3; }
.series.handles { stroke: var(--handles); stroke-dasharray: 2 2.5; stroke-linecap: round; }
.point { fill: var(--panel); stroke: var(--handles); stroke-width: 2; }
.baseline { fill: none; stroke: var(--muted); stroke-width: 1.5; stroke-dasharray: 1.5 3.5; stroke-linecap: round; }
.baseline.sockets { stroke: var(--sockets); }
.baseline.descriptors { stroke: var(--descriptors); }
.life { fill: none; stroke: var(--leaked); stroke-width: 4; }
.life.asked { stroke-width: 2; stroke-dasharray: 3 2; }
.lifelines h4 { font-size: .8125rem; color: var(--muted); margin-bottom: .25rem; }
.legend { display: flex; flex-wrap: wrap; gap: .125rem 1.25rem; font-size: .875rem; margin: .25rem 0; }
.legend li { display: inline-flex; align-items: center; gap: .375rem; }
.swatch { width: 1.75rem; height: .875rem; flex: none; }
figcaption p { font-size: .875rem; }
.more { margin-top: .375rem; font-size: .875rem; }
.more summary { color: var(--accent); width: fit-content; padding: .25rem 0; }
.more .scroll { max-height: 16rem; overflow: auto; border: 1px solid var(--edge); border-radius: 6px; }
.more table { width: 100%; }
.more th, .more td { padding: .125rem .75rem; }
.more tbody th { font-weight: 400; }
.more thead th { position: sticky; top: 0; background: var(--sunk); }
@media (max-width: 40rem) {
  .chart.wide { display: none; }
  .chart.narrow { display: block; }
}
`
