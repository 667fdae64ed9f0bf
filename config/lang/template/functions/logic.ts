import { isTrue } from '../value.ts'
import { functionsOf } from './signature.ts'

const logic = functionsOf('logic', { isGo: true })

export const logicFunctions = [
  logic({
    usage: 'and VALUE…',
    description: 'the first value that is not true, or the last one; what comes after it is not evaluated',
    parameters: ['any'],
    rest: 'any',
    stopsAt: false,
    call: values => values.at(-1)!,
  }),
  logic({
    usage: 'or VALUE…',
    description: 'the first value that is true, or the last one; what comes after it is not evaluated',
    parameters: ['any'],
    rest: 'any',
    stopsAt: true,
    call: values => values.at(-1)!,
  }),
  logic({
    usage: 'not VALUE',
    description: 'true when the value is not true',
    parameters: ['any'],
    call: ([value]) => !isTrue(value),
  }),
]
