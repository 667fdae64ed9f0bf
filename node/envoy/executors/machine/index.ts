export { createMachine, lexical, type MachineOptions } from './create-machine.ts'
export { findProgram } from './program.ts'
