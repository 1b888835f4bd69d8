"""A head: what stands between logits and an answer.

    logits -> link -> probs -> decision,   with a loss to learn from

The trap is a sigmoid head on exclusive classes: its values do not sum to 1, and
p / sum(p) is 0 / 0 once all of them underflow.  The normalised probabilities are
therefore taken from the logits:

    probs = softmax(log_sigmoid(z))
"""

from dataclasses import dataclass

from headway._array import Array, as_array, namespace
from headway.decisions import Argmax, Decision
from headway.errors import InputValueError
from headway.kernels import log_sigmoid, log_softmax, softmax
from headway.links import Link, OneColumnLink, SigmoidLink, two_column_logits
from headway.losses import Loss

__all__ = ["Head"]


@dataclass(frozen=True)
class Head:
    """Link + loss + decision: frozen, without weights of its own.

    Parameters
    ----------
    name : str
        As shown in reports.
    link : Link
        Turns logits into the head's own probabilities.
    loss : Loss
        What training minimises, with its gradient.
    decision : Decision
        Turns probabilities into an answer.
    exclusive : bool
        Whether each sample has exactly one of the classes.  With a sigmoid link
        and one logit column that is a binary problem.
    mistake : str, optional
        For heads that show a common mistake: one plain sentence on what is wrong.

    Examples
    --------
    >>> import numpy as np
    >>> from headway.heads import sigmoid_head
    >>> head = sigmoid_head(exclusive=True)
    >>> logits = np.array([[0.0, 0.0, -1000.0]])
    >>> head.membership(logits)
    array([[0.5, 0.5, 0. ]])
    >>> head.to_probs(logits), head.decide(logits)
    (array([[0.5, 0.5, 0. ]]), array([0]))
    """

    name: str
    link: Link
    loss: Loss
    decision: Decision
    exclusive: bool
    mistake: str | None = None

    def membership(self, logits: Array, /) -> Array:
        """Return the link's raw values in 0..1, shape (n, K).

        Of a sigmoid head each says "this class or not", independently of the
        others: rows need not sum to 1.
        """
        return self.link.to_probs(_matrix(logits))

    def to_probs(self, logits: Array, /) -> Array:
        """Return probabilities as a user sees them.

        Parameters
        ----------
        logits : array of shape (n, K); (n, 1) for a binary head

        Returns
        -------
        array of shape (n, K); (n, 2) for a binary head
            Rows sum to 1 if the classes are exclusive; else each label's own
            probability.

        Raises
        ------
        InputValueError
            If `logits` are not a matrix.

        Examples
        --------
        >>> import numpy as np
        >>> from headway.heads import binary_head
        >>> binary_head().to_probs(np.array([[0.0], [np.log(3.0)]]))
        array([[0.5 , 0.5 ],
               [0.25, 0.75]])
        """
        logits = _matrix(logits)
        if isinstance(self.link, OneColumnLink):
            return self.link.both_probs(logits)
        if self._is_binary(logits):
            return self.link.to_probs(_both_sides(logits))
        if self._is_normalised(logits):
            return softmax(log_sigmoid(logits))
        return self.link.to_probs(logits)

    def to_log_probs(self, logits: Array, /) -> Array:
        """Return the logarithm of `to_probs` in nats, computed from the logits.

        Finite wherever the true value is, also where the probability underflows; -inf where a
        sparse link (sparsemax, entmax) gives a probability of exactly 0.

        Parameters
        ----------
        logits : array of shape (n, K); (n, 1) for a binary head

        Returns
        -------
        array of the shape of `to_probs`

        Raises
        ------
        InputValueError
            If `logits` are not a matrix.

        Examples
        --------
        >>> import numpy as np
        >>> from headway.heads import binary_head
        >>> binary_head().to_log_probs(np.array([[1000.0]]))
        array([[-1000.,     0.]])
        """
        logits = _matrix(logits)
        if isinstance(self.link, OneColumnLink):
            return self.link.both_log_probs(logits)
        if self._is_binary(logits):
            return self.link.to_log_probs(_both_sides(logits))
        if self._is_normalised(logits):
            return log_softmax(log_sigmoid(logits))
        return self.link.to_log_probs(logits)

    def decide(self, logits: Array, /) -> Array:
        """Return the decisions: column indices (n,), or a 0/1 matrix (n, L).

        Argmax is taken on the logits: every link keeps the order within a row, and
        sigmoids that have rounded to 1 would tie.
        """
        logits = _matrix(logits)
        if not isinstance(self.decision, Argmax):
            return self.decision(self.to_probs(logits))
        return self.decision(two_column_logits(logits) if self._is_binary(logits) else logits)

    def _is_binary(self, logits: Array) -> bool:
        one_column = isinstance(self.link, (OneColumnLink, SigmoidLink))
        return self.exclusive and logits.shape[1] == 1 and one_column

    def _is_normalised(self, logits: Array) -> bool:
        return self.exclusive and isinstance(self.link, SigmoidLink)


def _matrix(logits: Array) -> Array:
    """Return `logits` as an array with rows and at least one column."""
    logits = as_array(logits)
    if logits.ndim != 2 or logits.shape[1] == 0:
        raise InputValueError(
            f"`logits` must have shape (n, K) with at least one column, got "
            f"{tuple(logits.shape)}. A binary problem has one column: `logits[:, None]`."
        )
    return logits


def _both_sides(logits: Array) -> Array:
    """Return (-z, z): the log-odds of the first and of the second class."""
    return namespace(logits).concat([-logits, logits], axis=1)
