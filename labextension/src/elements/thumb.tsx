/** A figure as a small picture; a click shows it large, Escape or a click closes it. */

import * as React from 'react';

/** The picture with a line below it. `title` is what the large one is called. */
export function Thumb(props: {
  src: string;
  alt: string;
  /** What a screen reader is told that a click does. */
  label: string;
  children?: React.ReactNode;
}): React.JSX.Element {
  const large = React.useRef<HTMLDialogElement>(null);
  const [isOpen, setOpen] = React.useState(false);
  React.useEffect(() => {
    if (isOpen) {
      large.current?.showModal();
    }
  }, [isOpen]);
  return (
    <figure>
      <button
        type="button"
        className="jp-mlops-thumb-button"
        aria-label={props.label}
        title={props.label}
        onClick={() => setOpen(true)}
      >
        <img
          className="jp-mlops-thumb"
          src={props.src}
          alt={props.alt}
          loading="lazy"
        />
      </button>
      <figcaption>{props.children}</figcaption>
      {isOpen && (
        <dialog
          ref={large}
          className="jp-mlops-large"
          aria-label={props.alt}
          onClose={() => setOpen(false)}
          onClick={() => large.current?.close()}
        >
          <img src={props.src} alt={props.alt} />
          <p>{props.children}</p>
        </dialog>
      )}
    </figure>
  );
}
