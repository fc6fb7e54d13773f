/** Our samples as metrics of prom-client. */
import { Counter, Gauge, type Metric as PromMetric, type Registry, type RegistryContentType } from 'prom-client'
import { METRICS, type Metric } from '../../model/metric-names.ts'
import type { Sample, Samples } from './readings.ts'

export type AnyRegistry = Registry<RegistryContentType>

const entries = Object.entries(METRICS) as readonly (readonly [keyof Samples, Metric])[]

/** Names of ours that a registry has already. */
export const takenIn = (registry: AnyRegistry): readonly string[] =>
  entries.flatMap(([, { name }]) => (registry.getSingleMetric(name) === undefined ? [] : [name]))

function made({ name, help, type, labels }: Metric, registry: AnyRegistry, samples: () => readonly Sample[]): PromMetric {
  const configuration = { name, help, labelNames: [...labels], registers: [registry] }
  // A counter of prom-client can only be counted up: what is over is ours to know.
  if (type === 'counter')
    return new Counter({
      ...configuration,
      collect() {
        this.reset()
        for (const each of samples()) this.inc(each.labels, each.value)
      },
    })
  return new Gauge({
    ...configuration,
    collect() {
      this.reset()
      for (const each of samples()) this.set(each.labels, each.value)
    },
  })
}

/** Registers all of them; the returned function takes them out again. */
export function expose(registry: AnyRegistry, read: () => Samples): () => void {
  let current: Samples | null = null
  /** One reading for all metrics of a scrape: prom-client asks each of them before it waits for any. */
  const samples = (): Samples => {
    if (current === null) {
      current = read()
      queueMicrotask(() => {
        current = null
      })
    }
    return current
  }
  for (const [key, metric] of entries) made(metric, registry, () => samples()[key])
  return () => {
    for (const [, { name }] of entries) registry.removeSingleMetric(name)
  }
}
