/** For those who only tell of errors: the rest of the room takes a program as long to load as to start. */
export * from '../errors.ts'
