import { h } from './elements.js';
import { count, instant } from './formats.js';

/**
 * A slider over everything that happened to a run, from its start to now. `go` gets the moment to show, undefined for now;
 * `add` takes the next one: `{ cursor, type, at }`.
 */
export function createMoments(go) {
  const moments = [];
  const what = h('output.mute');
  const slider = h('input', {
    type: 'range',
    min: 0,
    max: 0,
    value: 0,
    step: 1,
    'aria-label': 'Show the run as it was',
  });
  const now = h('button.quiet', { hidden: true, click: () => move(moments.length - 1) }, 'Back to now');
  const element = h('div.card.moments', { hidden: true }, slider, what, now);
  let timer;
  let isNow = true;

  const say = at => {
    const { type, at: when } = moments[at];
    what.textContent = isNow ? count(moments.length, 'moment') : `as it was at ${instant(when)}, after “${said(type)}”`;
    slider.setAttribute('aria-valuetext', isNow ? 'now' : what.textContent);
    now.hidden = isNow;
    element.classList.toggle('is-past', !isNow);
  };
  const move = at => {
    isNow = at === moments.length - 1;
    slider.value = at;
    say(at);
    // While it is dragged, only where it rests is asked for.
    clearTimeout(timer);
    timer = setTimeout(() => go(isNow ? undefined : moments[at]), 80);
  };
  slider.addEventListener('input', () => move(Number(slider.value)));
  return {
    element,
    add: moment => {
      moments.push(moment);
      slider.max = moments.length - 1;
      if (isNow) slider.value = moments.length - 1;
      element.hidden = moments.length < 2;
      say(Number(slider.value));
    },
  };
}

/** `AttemptEnded`: attempt ended */
function said(type) {
  return type.replace(/\B[A-Z]/g, ' $&').toLowerCase();
}
