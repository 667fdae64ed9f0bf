import { memberOf, type Template, type Value, type ValueMap } from '#config/lang'
import { dictionary } from '#node/kit'
import { LenientTraits, traitPathsOf } from './lenient-traits.ts'
import { foundAs, Observed, type Read, type ReadLog } from './reads.ts'

/** What the templates of a crate may read. */
export interface DataSource {
  readonly variables: ValueMap
  readonly traits: ValueMap
  /** The traits are samples: others are made up, and what follows from those is no error. */
  readonly sample: Sample | undefined
}

/** Made-up traits, for when nothing is known of a host. */
export interface Sample {
  readonly name: string
  /** `kind`: what a variable says does not matter where it is only written out; results then stand for many hosts. */
  readonly grade: 'kind' | 'value'
}

/** The data of templates, with everything that is read of it noted in a log. */
export class TemplateData {
  readonly log: ReadLog
  /** A made-up trait was read since this was set back. */
  guessed = false
  readonly #source: DataSource
  #variables: Observed | undefined
  #traits: Observed | undefined
  readonly #items: Readonly<Record<string, Value>>

  constructor(source: DataSource, log: ReadLog, items: Readonly<Record<string, Value>> = {}) {
    this.log = log
    this.#source = source
    this.#items = items
  }

  get isLenient(): boolean {
    return this.#source.sample !== undefined
  }

  get variables(): Value {
    this.#variables ??= new Observed(this.#source.variables, 'Vars', this.log)
    return this.#variables
  }

  get traits(): Value {
    this.#traits ??= new Observed(this.#source.traits, 'Traits', this.log)
    return this.#traits
  }

  /** `.Item` and `.Each`, where something is repeated. */
  get item(): Value | undefined {
    return this.#items['Item']
  }

  /** Reads again what a computation has read. */
  again({ namespace, path, grade }: Read): string {
    if (grade !== 'whole') this.log.grade = grade
    let value: Value | undefined = namespace === 'Vars' ? this.variables : this.traits
    for (const key of path) value = value === undefined ? undefined : memberOf(value, key)
    this.log.grade = 'value'
    if (grade === 'whole' && value instanceof Observed) return value.foundWhole()
    return foundAs(value, grade)
  }

  /** While nobody in particular is asked for, only the kinds of values matter where they are written out and nothing else. */
  lookInto(isLookedInto: boolean): void {
    this.log.grade = isLookedInto ? 'value' : (this.#source.sample?.grade ?? 'value')
  }

  /** The same data for a part of the computation that is kept on its own. */
  withLog(log: ReadLog): TemplateData {
    return new TemplateData(this.#source, log, this.#items)
  }

  withItem(item: Value): TemplateData {
    return new TemplateData(this.#source, this.log, { Item: item, Each: item })
  }

  for(template: Template): ValueMap {
    const data = dictionary<Value>()
    data['Vars'] = this.variables
    data['Traits'] = this.isLenient ? this.#lenient(template) : this.traits
    return Object.assign(data, this.#items)
  }

  #lenient(template: Template): Value {
    const traits = new LenientTraits(this.#source.traits, traitPathsOf(template), () => {
      this.guessed = true
    })
    return new Observed(traits, 'Traits', this.log)
  }
}
