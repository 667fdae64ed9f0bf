import { expect, test } from 'vitest'
import { Diagnostics, renderDiagnostic } from '../diagnostic.ts'
import { checkTemplateFile } from './index.ts'

test('a template file is told what is wrong, at its place', () => {
  const diagnostics = new Diagnostics()
  const text =
    'listen {{ .Vars.port }};\r\n{{ range .Vars.sites }}\r\n  {{ .name }} {{ $.Item }}\r\n{{ end }}\r\n\tat {{ .Facts.os }}\r\n{{ nosuch 1 }}\n'
  checkTemplateFile({ path: 'templates/nginx.tmpl', text: text.replace('{{ nosuch 1 }}\n', '') }, diagnostics)
  checkTemplateFile({ path: 'templates/web.tmpl', text }, diagnostics)
  expect(`\n${diagnostics.sorted.map(renderDiagnostic).join('\n')}\n`).toMatchInlineSnapshot(`
    "
    templates/nginx.tmpl:5:8: error: templates have no '.Facts' here [template-namespace]
      5 |  at {{ .Facts.os }}
        |        ^^^^^^^^^
      they know .Vars and .Traits and .Item and .Each; if this is not meant as a template, write {{ \`{{ .Facts.os }}\` }}
    templates/web.tmpl:6:4: error: there is no function 'nosuch' [template-syntax]
      6 | {{ nosuch 1 }}
        |    ^^^^^^
      a variable is written .Vars.nosuch, text "nosuch"; if this is not meant as a template, write {{ \`{{ nosuch 1 }}\` }}
    "
  `)
})
