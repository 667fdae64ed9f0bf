import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { html, joined } from './html.ts'

const folder = fileURLToPath(new URL('.', import.meta.url))

describe('html', () => {
  test('escapes what would leave element content or a quoted attribute', () => {
    const text = `<script>alert('1')</script>" onload="x`
    expect(String(html`<p title="${text}">${text}</p>`)).toBe(
      '<p title="&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt;&quot; onload=&quot;x">&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt;&quot; onload=&quot;x</p>',
    )
  })

  test('takes nested HTML as it is, lists in order, and leaves out what is not there', () => {
    const items = ['a', 'b<'].map(item => html`<li>${item}</li>`)
    expect(String(html`<ul>${items}${null}${undefined}${false}${0}</ul>`)).toBe('<ul><li>a</li><li>b&lt;</li>0</ul>')
    expect(String(html`${joined(['a', 'b'], html`<br>`)}`)).toBe('a<br>b')
  })

  test('shows characters that would turn the line around, or control a terminal, as what they are: nothing to read', () => {
    expect(String(html`${'web\u202egnp.exe\u0007\u001b[2J'}`)).toBe('web\ufffdgnp.exe\ufffd\ufffd[2J')
    expect(String(html`${'a\tb\nc'}`)).toBe('a\tb\nc')
  })

  test('takes no object for HTML that only looks like it', () => {
    const forged = { toString: () => '<script>' } as unknown as string
    expect(() => String(html`${forged}`)).toThrow()
  })

  test('leaves no value a way out, whatever it is', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 40 }), text => {
        const shown = String(html`${text}`)
        expect(shown).not.toMatch(/[<>"']/)
        expect(shown.replaceAll(/&(?:amp|lt|gt|quot|#39);/g, '')).not.toContain('&')
      }),
    )
  })
})

test('no template of the dashboard puts a value outside of quotes, or into a script or style', () => {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter(
    name => name.endsWith('.ts') && !name.endsWith('.test.ts') && !name.endsWith('.e2e.ts'),
  )
  expect(files.length).toBeGreaterThan(3)
  for (const name of files) {
    const text = readFileSync(join(folder, name), 'utf8')
    expect(text, `${name}: an attribute without quotes`).not.toMatch(/<[a-z][^>`]*\s[a-z:-]+=\$\{/)
    expect(text, `${name}: an inline script, style or handler`).not.toMatch(
      /<script>|<style|\sstyle="|\son[a-z]+="|javascript:/,
    )
  }
})
