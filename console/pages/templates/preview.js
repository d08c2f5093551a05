(() => {
const lines = (node) => {
  const range = document.createRange();
  range.selectNodeContents(node);
  return new Set([...range.getClientRects()].map((box) => Math.round(box.top / 4))).size;
};
const measure = (card) => {
  const header = card.querySelector('.h'), out = card.querySelector('.m');
  if (!header || !out) return;
  let text = ` · ${lines(header)}+${lines(card.querySelector('.b'))} lines`;
  const foot = card.querySelector('.foot'), frame = card.querySelector('.shot');
  if (foot.offsetHeight) {
    const scale = frame.getBoundingClientRect().width / frame.offsetWidth;
    const end = card.querySelector('.dev').getBoundingClientRect().bottom;
    const over = Math.round((end - foot.getBoundingClientRect().top) / scale);
    text += over > 0 ? ` · ${over} pt under the buttons` : ` · ${-over} pt above the buttons`;
  }
  out.textContent = text;
};
const seen = new Set();
const watch = new IntersectionObserver((entries) => entries.forEach(({isIntersecting, target}) => {
  if (isIntersecting) { seen.add(target); measure(target); } else seen.delete(target);
}), {rootMargin: '200px'});
const look = () => {
  document.querySelectorAll('.card').forEach((card) => watch.observe(card));
  seen.forEach(measure);
};
look();
addEventListener('change', () => requestAnimationFrame(look));
})();
