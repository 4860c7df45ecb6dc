# Completions for cruddur in PowerShell. To use them now:
#     cruddur completions powershell | Out-String | Invoke-Expression
Register-ArgumentCompleter -Native -CommandName cruddur -ScriptBlock {
    param($wordToComplete, $commandAst, $cursorPosition)
    $words = @($commandAst.CommandElements |
        Where-Object { $_.Extent.StartOffset -lt $cursorPosition } |
        ForEach-Object { $_.Extent.Text.Trim('"', "'") })
    # An empty word would get lost on its way to a program.
    $next = @()
    if ($wordToComplete -eq '') { $next = @('--next-word') }
    & cruddur __complete @next powershell -- @words 2>$null | ForEach-Object {
        $value, $help = $_ -split "`t", 2
        if (-not $help) { $help = $value }
        [System.Management.Automation.CompletionResult]::new($value, $value, 'ParameterValue', $help)
    }
}
