import { type Language, render, type Text } from '../language.ts';

/** A duration as people say it: `0.4 s`, `12 s`, `3 min 05 s`, `1 h 02 min`, `26 h 00 min`. */
export function humanDuration(seconds: number, language: Language): string {
  if (seconds < 10) return render(SECONDS, language, { seconds: Math.round(seconds * 10) / 10 });
  const whole = Math.round(seconds);
  if (whole < 60) return render(SECONDS, language, { seconds: whole });
  if (whole < 3600) {
    return render(MINUTES, language, { minutes: Math.floor(whole / 60), seconds: twoDigits(whole % 60) });
  }
  const minutes = Math.round(whole / 60);
  return render(HOURS, language, { hours: Math.floor(minutes / 60), minutes: twoDigits(minutes % 60) });
}

function twoDigits(number: number): string {
  return String(number).padStart(2, '0');
}

const SECONDS: Text = { en: '{seconds} s', zh: '{seconds} 秒' };
const MINUTES: Text = { en: '{minutes} min {seconds} s', zh: '{minutes} 分 {seconds} 秒' };
const HOURS: Text = { en: '{hours} h {minutes} min', zh: '{hours} 小时 {minutes} 分' };
