// What is wrong with the page as it stands, in words: (two columns?, sidebar open?) → list.
const [columns, sidebar] = arguments, wrong = [];
const name = element => element.tagName.toLowerCase() + ' "' + element.textContent.trim().slice(0, 50) + '"';
const root = document.documentElement;
if (root.scrollWidth > window.innerWidth) wrong.push('the page scrolls sideways');
for (const box of document.querySelectorAll('main pre, main pre > code, main table, main img, main p, main .table-wrapper')) {
    if (box.closest('details:not([open])')) continue;
    if (box.scrollWidth > box.clientWidth + 1 && box.tagName !== 'TABLE' && box.clientWidth) wrong.push('scrolls sideways: ' + name(box));
    const place = box.getBoundingClientRect();
    if (place.width && (place.right > root.clientWidth + 1 || place.left < -1) && !box.closest('.table-wrapper'))
        wrong.push('cut off: ' + name(box));
}
const isWrapped = code => {
    const style = getComputedStyle(code), line = parseFloat(style.lineHeight);
    const high = code.getBoundingClientRect().height - parseFloat(style.paddingTop) - parseFloat(style.paddingBottom);
    const lines = code.textContent.replace(/\n$/, '').split('\n').length;
    return !(high <= (lines + .5) * line); // nor may a height be unknown
};
for (const row of document.querySelectorAll('main tr:has(td > pre)')) {
    const cells = [...row.cells].filter(cell => cell.querySelector('pre'));
    if (cells.length < 2 || row.closest('details:not([open])')) continue;
    const [one, two] = cells.map(cell => cell.getBoundingClientRect());
    const beside = Math.abs(one.top - two.top) < 2 && two.left >= one.right - 2;
    if (beside !== columns) wrong.push((columns ? 'not beside each other: ' : 'not below each other: ') + name(row));
    if (columns) for (const code of row.querySelectorAll('code')) if (isWrapped(code)) wrong.push('a line of code is wrapped: ' + name(code));
}
for (const screen of document.querySelectorAll('main pre > code.language-text'))
    if (!screen.closest('details:not([open])') && isWrapped(screen)) wrong.push('a line of a screen is wrapped: ' + name(screen));
const open = document.getElementById('mdbook-sidebar-toggle-anchor').checked;
if (open !== sidebar) wrong.push('the sidebar is ' + (open ? 'open' : 'closed'));
const broken = [...document.images].filter(image => !image.complete || !image.naturalWidth);
for (const image of broken) wrong.push('the picture does not load: ' + image.src);
const light = color => { const [r, g, b] = color.match(/[\d.]+/g).map(Number); return .3 * r + .6 * g + .1 * b; };
for (const text of document.querySelectorAll('main p, main pre > code')) {
    if (!text.textContent.trim() || text.closest('details:not([open])')) continue;
    const background = element => {
        const color = getComputedStyle(element).backgroundColor;
        return /, 0\)$/.test(color) && element.parentElement ? background(element.parentElement) : color;
    };
    if (Math.abs(light(getComputedStyle(text).color) - light(background(text))) < 70) wrong.push('hard to read: ' + name(text));
}
return wrong;
