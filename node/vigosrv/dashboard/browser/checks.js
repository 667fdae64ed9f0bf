// Looks at a page as somebody does who cannot see it, or sees it badly. Answers sentences; none when all is well.
// Evaluated in the browser by the tests.
;(() => {
  const found = []
  const say = (what, element) => {
    const text = element === undefined ? '' : ` ${element.outerHTML.replaceAll(/\s+/g, ' ').slice(0, 160)}`
    found.push(`${what}:${text}`)
  }
  const isShown = element => {
    const box = element.getBoundingClientRect()
    return box.width > 0 && box.height > 0 && getComputedStyle(element).visibility !== 'hidden'
  }
  const nameOf = element =>
    (
      element.getAttribute('aria-label') ??
      [...(element.labels ?? [])].map(label => label.textContent).join(' ') ??
      ''
    ).trim() || element.textContent.trim()

  const ids = [...document.querySelectorAll('[id]')].map(({ id }) => id)
  for (const id of new Set(ids)) if (ids.filter(other => other === id).length > 1) found.push(`id ${id} is there twice`)
  if (document.documentElement.lang === '') found.push('the page has no language')
  if (document.title.trim() === '') found.push('the page has no title')
  for (const landmark of ['header', 'main']) {
    if (document.querySelectorAll(`body > ${landmark}`).length !== 1) found.push(`there is not one ${landmark}`)
  }
  let level = 0
  for (const heading of document.querySelectorAll('h1, h2, h3, h4')) {
    const own = Number(heading.tagName.slice(1))
    if (own > level + 1 && level > 0) say(`a heading of level ${own} comes after one of level ${level}`, heading)
    level = own
  }
  for (const element of document.querySelectorAll('a[href], button, input:not([type=hidden]), select, summary')) {
    if (isShown(element) && nameOf(element) === '') say('it has no name', element)
  }
  for (const image of document.querySelectorAll('img')) if (!image.hasAttribute('alt')) say('it has no alt', image)
  for (const image of document.querySelectorAll('svg')) {
    const isHidden = image.closest('[aria-hidden=true]') !== null
    const isNamed = image.closest('[role=img][aria-label]') !== null
    if (!isHidden && !isNamed) say('it is neither hidden nor named', image)
  }
  for (const table of document.querySelectorAll('table')) {
    if (table.querySelector('caption') === null) say('it has no caption', table)
    for (const row of table.querySelectorAll('tbody tr')) {
      if (row.querySelectorAll('th[scope=row]').length !== 1) say('it has not one heading', row)
    }
    for (const cell of table.querySelectorAll('thead th')) if (cell.scope !== 'col') say('it has no scope', cell)
  }
  for (const area of document.querySelectorAll('pre')) {
    const scrolls = area.scrollHeight > area.clientHeight + 1 || area.scrollWidth > area.clientWidth + 1
    if (scrolls && isShown(area) && area.tabIndex < 0) say('it scrolls, and keys cannot reach it', area)
  }

  const parse = color => {
    const [red, green, blue, alpha = 1] = (color.match(/[\d.]+/g) ?? [0, 0, 0, 0]).map(Number)
    return { red, green, blue, alpha }
  }
  const backgroundOf = element => {
    for (let at = element; at !== null; at = at.parentElement) {
      const color = parse(getComputedStyle(at).backgroundColor)
      if (color.alpha === 1) return color
    }
    return { red: 255, green: 255, blue: 255 }
  }
  const luminance = ({ red, green, blue }) => {
    const linear = [red, green, blue].map(value => {
      const share = value / 255
      return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4
    })
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
  }
  const contrast = (one, other) => {
    const [light, dark] = [luminance(one), luminance(other)].sort((a, b) => b - a)
    return (light + 0.05) / (dark + 0.05)
  }
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT)
  const seen = new Set()
  for (let node = walker.nextNode(); node !== null; node = walker.nextNode()) {
    const element = node.parentElement
    if (node.textContent.trim() === '' || element.closest('svg, script, .hidden, [aria-hidden=true]') !== null) continue
    if (!isShown(element)) continue
    const style = getComputedStyle(element)
    const size = Number.parseFloat(style.fontSize)
    const needed = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700) ? 3 : 4.5
    const ratio = contrast(parse(style.color), backgroundOf(element))
    const key = `${element.className} ${style.color}`
    if (ratio >= needed || seen.has(key)) continue
    seen.add(key)
    say(`contrast ${ratio.toFixed(2)} is below ${needed}`, element)
  }
  return found
})()
