/** Styles are imported for their effect; the bundler takes them along. */
declare module '*.css';
