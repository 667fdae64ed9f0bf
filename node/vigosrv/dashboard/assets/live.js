// Says whether the page is up to date: the stream itself is the work of htmx.
;(() => {
  const sign = document.getElementById('live')
  if (sign === null) return
  const say = (state, text) => {
    sign.dataset.state = state
    sign.textContent = text
  }
  const words = {
    live: 'Live',
    waiting: 'Reconnecting …',
    full: 'Not live: too many pages are open; reload to update',
    ended: 'Signed out: reload the page to sign in again',
  }
  let isOver = false
  const show = state => {
    if (!isOver) say(state, words[state])
  }
  document.addEventListener('htmx:sse:after:connection', () => show('live'))
  document.addEventListener('htmx:sse:error', () => show('waiting'))
  document.addEventListener('htmx:sse:before:connection', event => {
    if (event.detail.connection.attempt > 0 && sign.dataset.state !== 'full') show('waiting')
  })
  document.addEventListener('vigo:full', () => show('full'))
  document.addEventListener('vigo:signed-out', () => {
    show('ended')
    isOver = true
  })
})()
