/**
 * The page's own script: theme, filter, links that lead to a hidden run. Plain text, because it runs in the reader's browser, which knows
 * nothing of our types; the page can be read without it.
 */
export const SCRIPT = `'use strict'
{
  const root = document.documentElement
  const theme = document.getElementById('theme')
  const remembered = () => { try { return localStorage.getItem('watertight-theme') } catch { return null } }
  const remember = (value) => { try { localStorage.setItem('watertight-theme', value) } catch {} }
  const prefersDark = matchMedia('(prefers-color-scheme: dark)')
  const isDark = () => (root.dataset.theme ?? (prefersDark.matches ? 'dark' : 'light')) === 'dark'
  const showTheme = () => theme.setAttribute('aria-pressed', String(isDark()))
  const chosen = remembered()
  if (chosen === 'dark' || chosen === 'light') root.dataset.theme = chosen
  theme.addEventListener('click', () => {
    root.dataset.theme = isDark() ? 'light' : 'dark'
    remember(root.dataset.theme)
    showTheme()
  })
  prefersDark.addEventListener('change', showTheme)
  showTheme()
  theme.hidden = false

  const form = document.getElementById('filter')
  const runs = [...document.querySelectorAll('.run')]
  const shown = document.getElementById('shown')
  const isWanted = (run) =>
    ['verdict', 'scenario', 'backend'].every((name) => form.elements[name].value === '*' || form.elements[name].value === run.dataset[name]) &&
    (!form.elements.unexpected.checked || run.dataset.judged === 'unexpected')
  const filter = () => {
    for (const run of runs) run.hidden = !isWanted(run)
    const count = runs.filter((run) => !run.hidden).length
    shown.textContent = (count === runs.length ? '' : count + ' of ') + runs.length + (runs.length === 1 ? ' run' : ' runs')
  }
  const openAll = (isOpen) => {
    for (const run of runs) if (!run.hidden) run.querySelector('details').open = isOpen
  }
  if (form !== null) {
    form.addEventListener('change', filter)
    form.addEventListener('submit', (event) => event.preventDefault())
    // the form is reset after its event
    form.addEventListener('reset', () => setTimeout(filter))
    document.getElementById('open-all').addEventListener('click', () => openAll(true))
    document.getElementById('close-all').addEventListener('click', () => openAll(false))
    form.hidden = false
    filter()
  }

  const reveal = () => {
    const run = document.getElementById(location.hash.slice(1))?.closest('.run')
    if (run == null) return
    if (run.hidden) {
      form.reset()
      run.hidden = false
    }
    run.querySelector('details').open = true
    run.scrollIntoView()
    run.querySelector('summary').focus({ preventScroll: true })
  }
  addEventListener('hashchange', reveal)
  // a second click on the same link changes no hash
  document.addEventListener('click', (event) => {
    const link = event.target instanceof Element ? event.target.closest('a[href^="#run-"]') : null
    if (link !== null && link.hash === location.hash) reveal()
  })
  reveal()
}
`
