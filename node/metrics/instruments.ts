import { Counter, Gauge, Histogram, Registry } from 'prom-client'

/** What a metric is, said once: the registry, the document and the tests of dashboards and alerts are made from it. */
export interface Declaration {
  readonly name: string
  readonly type: 'counter' | 'gauge' | 'histogram'
  readonly help: string
  /** Names and the values that there can be; all are few, none is a peer, host or artifact. */
  readonly labels: Readonly<Record<string, string>>
}

export interface Described<Label extends string = never> {
  readonly name: string
  readonly help: string
  readonly labels?: Readonly<Record<Label, string>>
}

/** Sets values just before they are read. */
export type Collect = () => void | Promise<void>

/** One program's metrics: declared here, read by `text`. */
export class Instruments {
  readonly #registry = new Registry()
  readonly #declared: Declaration[] = []
  readonly #collectors: Collect[] = []

  get declarations(): readonly Declaration[] {
    return this.#declared
  }

  counter<Label extends string = never>(described: Described<Label>): Counter<Label> {
    return new Counter(this.#declare('counter', described))
  }

  gauge<Label extends string = never>(described: Described<Label>): Gauge<Label> {
    return new Gauge(this.#declare('gauge', described))
  }

  /** `buckets`: upper bounds. */
  histogram<Label extends string = never>(
    described: Described<Label> & { buckets: readonly number[] },
  ): Histogram<Label> {
    return new Histogram({ ...this.#declare('histogram', described), buckets: [...described.buckets] })
  }

  /** From now on it runs before each reading. One that throws costs its own values only. */
  collect(collect: Collect): void {
    this.#collectors.push(collect)
  }

  get contentType(): string {
    return this.#registry.contentType
  }

  /** All metrics in the text format of Prometheus. */
  async text(): Promise<string> {
    for (const collect of this.#collectors)
      await Promise.resolve()
        .then(collect)
        .catch(() => undefined)
    return await this.#registry.metrics()
  }

  #declare<Label extends string>(type: Declaration['type'], { name, help, labels }: Described<Label>) {
    const declared: Readonly<Record<string, string>> = labels ?? {}
    this.#declared.push({ name, type, help, labels: declared })
    return { name, help, labelNames: Object.keys(declared) as Label[], registers: [this.#registry] }
  }
}
