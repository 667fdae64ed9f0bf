/** What a clock on the wall of the machine shows. */
export interface LocalTime {
  readonly hour: number
  readonly minute: number
  /** 0 is Sunday. */
  readonly dayOfWeek: number
  readonly dayOfMonth: number
}

/** In the time zone of this process. */
export function localTimeOf(date: Date): LocalTime {
  return {
    hour: date.getHours(),
    minute: date.getMinutes(),
    dayOfWeek: date.getDay(),
    dayOfMonth: date.getDate(),
  }
}

const DAYS = ['sunday', 'monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday']

/** 0 to 6 for a day's name, its first three letters, or 0 to 7; undefined for anything else. */
export function weekday(day: string | number): number | undefined {
  if (typeof day === 'number') return day >= 0 && day <= 7 ? day % 7 : undefined
  const wanted = day.toLowerCase()
  const found = DAYS.findIndex(each => each === wanted || each.slice(0, 3) === wanted)
  return found < 0 ? undefined : found
}

/** Whether `now` is in [from, to), which goes past the end when `from` is after `to`. */
export function isBetween(now: number, from: number, to: number): boolean {
  return from <= to ? now >= from && now < to : now >= from || now < to
}
