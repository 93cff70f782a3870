export const DEFAULT_LIMIT = 50;
export const MAXIMUM_LIMIT = 200;

export const WRONG_LIMIT = { en: `limit: at most ${MAXIMUM_LIMIT}`, zh: `limit：最大为 ${MAXIMUM_LIMIT}` };
export const WRONG_CURSOR = {
  en: 'cursor: take it from the page before, as it is',
  zh: 'cursor：请原样使用上一页返回的值',
};
export const WRONG_TIME = {
  en: 'from, to: there is no such day or time',
  zh: 'from、to：没有这样的日期或时间',
};
