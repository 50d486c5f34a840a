"""The one error a user is meant to see."""


class StudyError(Exception):
    """Something the user can mend: names what is wrong and how to put it right.

    Parameters
    ----------
    problem : str
        What is wrong, naming the file, folder or setting.
    fix : str, optional
        What to do about it.

    Examples
    --------
    >>> print(StudyError("data.zip is not a zip file", "download it again"))
    data.zip is not a zip file. To fix: download it again
    """

    def __init__(self, problem: str, fix: str = ""):
        self.problem = problem.rstrip(".")
        self.fix = fix
        super().__init__(f"{self.problem}. To fix: {fix}" if fix else self.problem)
