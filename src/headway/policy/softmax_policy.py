"""A softmax policy: features to logits by a linear layer, logits to a draw.

    z = coef x + intercept,    q = softmax(z / T) over the allowed actions,    action ~ q

It is a linear softmax classifier whose decision is a draw.  The parameters' gradients follow from
the one at the logits, g = `policy_gradient`, as in every linear layer:

    d loss / d coef = g^T x,       d loss / d intercept = sum g

The trap: a policy that is greedy while it learns never finds out about other actions.  It learns
at a temperature above 0, and `at_temperature(0)` makes it greedy afterwards.
"""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from headway._check import first_index, place
from headway.decisions.columns import check_count
from headway.decisions.sampling import Sampled, entropy_of, sample_logits, tempered_log_probs
from headway.errors import InputTypeError, InputValueError
from headway.policy.gradient import policy_gradient

__all__ = ["SoftmaxPolicy"]


@dataclass(frozen=True, eq=False)
class SoftmaxPolicy:
    """Draw an action for each row of observations.

    For a policy that is not linear, give it what the layers below compute as observations.

    Parameters
    ----------
    coef : array of shape (K, d)
        A row for each action, a column for each feature of an observation.
    intercept : array of shape (K,)
    temperature : float, default=1.0
        0..inf: 0 takes the most probable action, infinity any allowed one.

    Raises
    ------
    InputTypeError, InputValueError
        If the parameters are not finite, their shapes disagree, or the temperature is below 0.

    Examples
    --------
    >>> policy = SoftmaxPolicy.uniform(n_features=2, n_actions=3)
    >>> policy.probs([[5.0, 1.0]], mask=[True, False, True])
    array([[0.5, 0. , 0.5]])
    >>> policy.act([[5.0, 1.0]], mask=[False, False, True], rng=0).actions
    array([2])
    """

    coef: np.ndarray
    intercept: np.ndarray
    temperature: float = 1.0

    def __post_init__(self) -> None:
        coef, intercept = _numbers(self.coef, "coef"), _numbers(self.intercept, "intercept")
        if coef.ndim != 2 or coef.shape[0] == 0 or coef.shape[1] == 0:
            raise InputValueError(
                f"`coef` must have shape (K, d), got {coef.shape}. Give a row for each action and "
                "a column for each feature."
            )
        if intercept.shape != (len(coef),):
            raise InputValueError(
                f"`intercept` must have shape ({len(coef)},), one for each action, got "
                f"{intercept.shape}. Give zeros if there is none."
            )
        object.__setattr__(self, "coef", coef)
        object.__setattr__(self, "intercept", intercept)
        # One row asks what is a temperature, once and in one place.
        tempered_log_probs(np.zeros((1, 1)), temperature=self.temperature)
        object.__setattr__(self, "temperature", float(self.temperature))

    @classmethod
    def uniform(
        cls, *, n_features: int, n_actions: int, temperature: float = 1.0
    ) -> "SoftmaxPolicy":
        """Return the policy to begin with: zero weights, every action equally likely."""
        check_count(n_features, "n_features")
        check_count(n_actions, "n_actions")
        return cls(np.zeros((n_actions, n_features)), np.zeros(n_actions), temperature)

    def at_temperature(self, temperature: float, /) -> "SoftmaxPolicy":
        """Return the same policy at another temperature; 0 is greedy."""
        return replace(self, temperature=temperature)

    def logits(self, observations: np.ndarray, /) -> np.ndarray:
        """Return one logit for each action, shape (n, K), not divided by the temperature.

        Parameters
        ----------
        observations : array of shape (n, d)
            Finite numbers.

        Raises
        ------
        InputTypeError, InputValueError
            If they are not.
        """
        observations = _numbers(observations, "observations")
        d = self.coef.shape[1]
        if observations.ndim != 2 or observations.shape[1] != d:
            raise InputValueError(
                f"`observations` must have shape (n, {d}), got {observations.shape}. Give a row "
                "for each decision; reshape a single one with `observation[None, :]`."
            )
        return observations @ self.coef.T + self.intercept

    def act(
        self,
        observations: np.ndarray,
        /,
        *,
        mask: np.ndarray | None = None,
        rng: np.random.Generator | int,
    ) -> Sampled:
        """Return one action for each row, its log-probability and the entropy.

        Parameters
        ----------
        observations : array of shape (n, d)
        mask : boolean array of shape (K,) or (n, K), optional
            True for actions that are allowed; others have probability 0.
        rng : numpy.random.Generator or int
            Where the draws come from; a number seeds a new generator.

        Raises
        ------
        InputTypeError, InputValueError
            As `headway.decisions.sample_logits` does.
        """
        return sample_logits(
            self.logits(observations), temperature=self.temperature, mask=mask, rng=rng
        )

    def log_probs(
        self, observations: np.ndarray, /, *, mask: np.ndarray | None = None
    ) -> np.ndarray:
        """Return the log-probability of every action in nats, shape (n, K); -inf if masked."""
        return tempered_log_probs(
            self.logits(observations), temperature=self.temperature, mask=mask
        )

    def probs(self, observations: np.ndarray, /, *, mask: np.ndarray | None = None) -> np.ndarray:
        """Return the probability of every action, shape (n, K); rows sum to 1."""
        return np.exp(self.log_probs(observations, mask=mask))

    def entropy(self, observations: np.ndarray, /, *, mask: np.ndarray | None = None) -> np.ndarray:
        """Return the entropy of each row in nats, 0..log K, shape (n,)."""
        return entropy_of(self.log_probs(observations, mask=mask))

    def gradient(
        self,
        observations: np.ndarray,
        actions: np.ndarray,
        advantages: np.ndarray,
        /,
        *,
        entropy_bonus: float = 0.0,
        mask: np.ndarray | None = None,
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return the mean gradient of `policy_loss` by `coef` and by `intercept`.

        Parameters
        ----------
        observations : array of shape (n, d)
            At least one row.
        actions, advantages, entropy_bonus, mask
            As for `policy_loss`.

        Returns
        -------
        coef_gradient : array of shape (K, d)
        intercept_gradient : array of shape (K,)

        Raises
        ------
        InputTypeError, InputValueError
            As `policy_loss` does.

        Examples
        --------
        >>> policy = SoftmaxPolicy.uniform(n_features=1, n_actions=2)
        >>> policy.gradient([[4.0]], [0], [1.0])
        (array([[-2.], [ 2.]]), array([-0.5,  0.5]))
        """
        logits = self.logits(observations)
        if len(logits) == 0:
            raise InputValueError(
                "`observations` must have at least one row, got none. Draw an action first."
            )
        g = policy_gradient(
            logits,
            actions,
            advantages,
            entropy_bonus=entropy_bonus,
            temperature=self.temperature,
            mask=mask,
        )
        return g.T @ np.asarray(observations, dtype=np.float64) / len(g), g.mean(axis=0)


def _numbers(values: Any, name: str) -> np.ndarray:
    array = np.asarray(values)
    if array.dtype.kind not in "biuf":
        raise InputTypeError(
            f"`{name}` must be real numbers, got dtype {array.dtype}. Give an array of floats."
        )
    array = array.astype(np.float64)
    bad = ~np.isfinite(array)
    if bad.any():
        index = first_index(bad, np)
        raise InputValueError(
            f"`{name}` must be finite, got {array[index]:g} at {place(index)}. Look at what made "
            "it."
        )
    return array
