import { describe, expect, test } from 'vitest'
import { plainOf } from '../attribute/index.ts'
import { complaintsAbout, declared } from '../fixture.ts'

describe('tasks and workflows', () => {
  test('are read', () => {
    const text = `description: rolls out a version
command: deploy {{ .Params.version }}
target: "*.app.example.com,-db*"
timeout: 10m
batch_size: 25%
max_failures: 2
health_check: curl -sf http://localhost/health
params:
  version: {description: what to deploy, required: true}
  channel: stable
  note:
`
    const [task] = declared('tasks/deploy.vgo', text).tasks
    expect([task?.name.value, task?.command.value, task?.description]).toEqual([
      'deploy',
      'deploy {{ .Params.version }}',
      'rolls out a version',
    ])
    expect(
      Array.from(task?.params ?? [], ([name, { required, default: initial }]) => [
        name,
        required,
        initial && plainOf(initial),
      ]),
    ).toEqual([
      ['version', true, undefined],
      ['channel', false, 'stable'],
      ['note', true, undefined],
    ])
    expect(Array.from(task?.settings.keys() ?? [])).toEqual([
      'target',
      'timeout',
      'batch_size',
      'max_failures',
      'health_check',
    ])
    const steps =
      'steps:\n  - name: drain\n    command: drain\n    target: lb*\n  - task: deploy\n    params: {version: "1"}\n    on_failure: continue\n'
    const [workflow] = declared('workflows/release.vgo', steps).workflows
    expect(workflow?.name.value).toBe('release')
    expect(
      workflow?.steps.map(step => [step.name.value, step.task?.value, step.command?.value, step.onFailure]),
    ).toEqual([
      ['drain', undefined, 'drain', 'stop'],
      ['step-2', 'deploy', undefined, 'continue'],
    ])
    expect(declared('ops.vgo', 'tasks: [{name: a, command: b}]\nworkflows: [{name: c, steps: []}]\n')).toMatchObject({
      tasks: [{}],
      workflows: [{}],
    })
  })

  test('are told what is wrong', () => {
    const text =
      'batch_size: many\nmax_failures: 200%\nparams: {my-param: 1}\ncommand: run {{ .Params.verison }} {{ .Vars.x }}\nparam: x\n'
    expect(complaintsAbout(text, 'tasks/deploy.vgo')).toMatchInlineSnapshot(`
      "
      tasks/deploy.vgo:1:13: error: 'batch_size' must be a number of hosts such as 5, or a share such as 25%, not 'many' [attribute-value]
        1 | batch_size: many
          |             ^^^^
        correct the value
      tasks/deploy.vgo:2:15: error: 'max_failures' must be a number of hosts such as 2, or a share such as 10%, not '200%' [attribute-value]
        2 | max_failures: 200%
          |               ^^^^
        correct the value
      tasks/deploy.vgo:3:10: error: 'my-param' cannot be the name of a parameter [name]
        3 | params: {my-param: 1}
          |          ^^^^^^^^
        it has letters, digits and underscores, and does not start with a digit
      tasks/deploy.vgo:4:17: error: the task has no parameter 'verison' [unknown-parameter]
        4 | command: run {{ .Params.verison }} {{ .Vars.x }}
          |                 ^^^^^^^^^^^^^^^
        its parameters are my-param
      tasks/deploy.vgo:4:39: error: templates have no '.Vars' here [template-namespace]
        4 | command: run {{ .Params.verison }} {{ .Vars.x }}
          |                                       ^^^^^^^
        they know .Params; if this is not meant as a template, write {{ \`{{ .Vars.x }}\` }}
      tasks/deploy.vgo:5:1: error: 'param' is not a key of a task [unknown-key]
        5 | param: x
          | ^^^^^
        did you mean 'params'?
      "
    `)
    expect(complaintsAbout('description: x\n', 'tasks/deploy.vgo')).toContain("a task needs 'command'")
    const steps = 'steps:\n  - name: a\n  - name: a\n    task: x\n    command: y\n    on_failure: retry\n'
    expect(complaintsAbout(steps, 'workflows/w.vgo')).toMatchInlineSnapshot(`
      "
      workflows/w.vgo:2:5: error: a step needs 'task' or 'command' [missing-key]
        2 |   - name: a
          |     ^^^^^^^
        add 'task: <name>' or 'command: …'
      workflows/w.vgo:3:11: error: there are two steps called 'a' in this file [duplicate-name]
        3 |   - name: a
          |           ^
        give each a 'name:' of its own
        workflows/w.vgo:2:11: the first is here
      workflows/w.vgo:5:5: error: a step has 'task' or 'command', not both [exclusive-keys]
        5 |     command: y
          |     ^^^^^^^
        take one away
      workflows/w.vgo:6:17: error: 'on_failure' must be stop or continue, not 'retry' [attribute-value]
        6 |     on_failure: retry
          |                 ^^^^^
        'stop' is what holds when it is not given
      "
    `)
  })
})
